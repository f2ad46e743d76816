"""What goes wrong with records."""


class BadRecordError(ValueError):
    """A record, shard or file is not what it should be; the message names it."""
