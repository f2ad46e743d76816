// @ts-check
/**
 * Finds, in a parsed command, what would run a program of the file's author while Lean reads the file, or step outside
 * the safe language. Looked at before the command is elaborated; `prover/audit/embedded.py` asks for it.
 */
'use strict';

/** Syntax kind → how a person writes it. */
const PROGRAMS = new Map(Object.entries({
  'Lean.Parser.Command.eval': '#eval',
  'Lean.Parser.Command.evalBang': '#eval!',
  'Lean.runCmd': 'run_cmd',
  'Lean.runElab': 'run_elab',
  'Lean.runMeta': 'run_meta',
  'Lean.Parser.Command.initialize': 'initialize',
  'Lean.Parser.Command.elab': 'elab',
  'Lean.Parser.Command.elab_rules': 'elab_rules',
  'Lean.Parser.Command.elab_rulesKind': 'elab_rules',
  'Lean.Parser.Tactic.runTac': 'run_tac',
  'Lean.byElab': 'by_elab',
}));
const IDENTIFIER = 3; // constructor of Syntax
/** The commands, whose kinds Lean makes from their notation, and the attributes. */
const SIMPROC = /^Lean\.Parser\.(Attr\.|«command_).*(simproc|sevalproc)/i;
const UNSAFE = new Set(['Lean.Parser.Command.unsafe', 'Lean.Parser.Term.unsafe', 'Lean.Parser.Tactic.unsafe']);
/** Attributes that hand a definition to the elaborator to run, or run it at start. */
const PROGRAM_ATTRIBUTES = new Set(['command_elab', 'term_elab', 'tactic', 'init', 'builtin_init', 'builtin_command_elab',
  'builtin_term_elab', 'builtin_tactic', 'builtin_macro']);

/**
 * @param {ReturnType<typeof import('./lean.cjs').makeLean>} lean @param {import('./abi.cjs').Obj} stx borrowed
 * @returns {{category: 'program' | 'unsafe', what: string} | null}
 */
function refusedIn(lean, stx) {
  /** @type {{category: 'program' | 'unsafe', what: string} | null} */
  let found = null;
  const { tag, field, nameText } = lean.abi;
  lean.walk(stx, (kind, node) => {
    const program = PROGRAMS.get(kind) ?? (SIMPROC.test(kind) ? 'simproc' : undefined);
    if (program !== undefined) found ??= { category: 'program', what: program };
    if (UNSAFE.has(kind)) found ??= { category: 'unsafe', what: 'unsafe' };
    if (kind === 'Lean.Parser.Attr.simple') {
      const identifier = lean.argsOf(node)[0];
      const name = tag(identifier) === IDENTIFIER ? nameText(field(identifier, 2)) : '';
      if (PROGRAM_ATTRIBUTES.has(name)) found ??= { category: 'program', what: `@[${name}]` };
    }
  });
  return found;
}

module.exports = { refusedIn };
