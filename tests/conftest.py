pytest_plugins = (
    "tests.fixtures.network",
    "tests.fixtures.databases",
    "tests.fixtures.settings",
    "tests.fixtures.templates",
    "tests.fixtures.clone",
    "tests.fixtures.browser",
    "tests.fixtures.live",
    "tests.fixtures.works",
)
