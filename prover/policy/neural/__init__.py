"""Language models that propose tactics: prompt formats, backends, and the proposer that joins the mixture.

    generator.py   what a backend is: a prompt and how to sample in, completions with log-probabilities out
    presets.py     prompt, stop strings and score of each published model, and of ours; shots.py has few-shot examples
    server.py      an OpenAI-compatible server (vLLM) over HTTP
    local.py       transformers in this process; decode.py has its sampling and beam search
    proposer.py    the proposer
    fake_server.py a server of that kind with a table for a model, for tests
"""
