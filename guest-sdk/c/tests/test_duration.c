#include <kilnbox/expect.h>
#include "kilnbox/duration.h"

static void check(const char *text, uint64_t nanoseconds)
{
    kiln_duration duration;
    EXPECT(kiln_parse_duration(text, &duration));
    EXPECT(duration.nanoseconds == nanoseconds);
}

int main(void)
{
    check("5m", 300000000000);
    check("1h30m", 5400000000000);
    check("1.5s", 1500000000);
    check(".5s", 500000000);
    check("500ms", 500000000);
    check("250us", 250000);
    check("250\xC2\xB5s", 250000);
    check("2h0m0.25s", 7200250000000);
    check("0", 0);
    check("7ns", 7);

    const char *wrong[] = {"",    "5", "soon", "5 minutes", "5min", "1h 30m",
                           "-1s", "s", ".s",   "1e3s",      "0x1s", "999999999h"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        kiln_duration duration;
        EXPECT(!kiln_parse_duration(wrong[i], &duration));
    }

    EXPECT(kiln_milliseconds((kiln_duration){.nanoseconds = 1999999}) == 1);
    return 0;
}
