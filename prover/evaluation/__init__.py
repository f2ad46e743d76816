"""The evaluation harness: data sets, runs, baselines, statistics, reports."""
