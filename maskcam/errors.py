"""The errors that a user can mend, and the exit codes that tell of them."""

DONE, FAILED, UNUSABLE, STOPPED = 0, 1, 2, 130


class UnusableInput(Exception):
    """What was given can't be used: one line that says what is wrong and what to do. Exit code 2."""


class FailedOnTheWay(Exception):
    """Work that began could not be finished: one line that says how far it came. Exit code 1."""


class BrokenOff(Exception):
    """Work on one item was broken off because the user asked to stop; what was done before it is whole."""
