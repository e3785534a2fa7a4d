"""What a few calls show of how the API behaves for an account: pure, from exchanges to verdicts."""
