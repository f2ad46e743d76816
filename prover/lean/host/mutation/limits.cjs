// @ts-check
/** What a mutant may be: limits of size and number, and the failure of an attempt that is no fault. */
'use strict';

const MAX_NEW_HYPOTHESES = 4;
const MAX_NEW_VARIABLES = 2;
const MAX_BINDERS = 40;
const GROWTH = 2;
const GROWTH_SLACK = 40;
const MAX_SIZE = 1500;
const USUAL_SIZE = 4000;

class NoMutant extends Error {
  /** @param {string} reason a few words that can be counted @param {string} [detail] */
  constructor(reason, detail = '') {
    super(reason);
    this.detail = detail;
  }
}

module.exports = { NoMutant, MAX_NEW_HYPOTHESES, MAX_NEW_VARIABLES, MAX_BINDERS, GROWTH, GROWTH_SLACK, MAX_SIZE, USUAL_SIZE };
