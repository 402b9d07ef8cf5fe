"""Days around which the clocks change, or the zone does something else of its own."""

from datetime import date

from hypothesis import settings

LONDON = "Europe/London"
CHANGES = {
    LONDON: (date(2025, 3, 30), date(2025, 10, 26)),
    "America/New_York": (date(2025, 3, 9), date(2025, 11, 2)),
    "Australia/Lord_Howe": (date(2025, 10, 5), date(2025, 4, 6)),  # by half an hour
    "Africa/Cairo": (date(2025, 4, 25), date(2025, 10, 31)),  # at midnight
    "America/St_Johns": (date(2025, 3, 9), date(2010, 11, 7)),  # in 2010 a minute after midnight, back into Saturday
    "Asia/Kathmandu": (date(2025, 3, 30), date(1986, 1, 1)),  # 5:45 ahead; in 1986 by a quarter of an hour
    "Pacific/Apia": (date(2011, 12, 30), date(2021, 4, 4)),  # the day that was not
    "America/Sao_Paulo": (date(2018, 11, 4), date(2018, 2, 18)),  # at midnight
    "UTC": (date(2025, 1, 1), date(2024, 2, 29)),
}
QUICK = settings(deadline=None, max_examples=30)
