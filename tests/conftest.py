import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine's other work, not of the code.
settings.register_profile("maskcam", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("maskcam")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden pictures instead of comparing")
