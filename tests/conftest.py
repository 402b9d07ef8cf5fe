pytest_plugins = (
    "tests.fixtures.network",
    "tests.fixtures.order",
    "tests.fixtures.databases",
    "tests.fixtures.statements",
    "tests.fixtures.settings",
    "tests.fixtures.templates",
    "tests.fixtures.routes",
    "tests.fixtures.clone",
    "tests.fixtures.browser",
    "tests.fixtures.live",
    "tests.fixtures.works",
    "tests.fixtures.businesses",
)
