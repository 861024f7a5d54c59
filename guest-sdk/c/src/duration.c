#include "kilnbox/duration.h"

#include <stdlib.h>
#include <string.h>

/* Go's longest, 292 years. */
#define LONGEST 9223372036854775807.0

static const struct unit {
    const char *name;
    double nanoseconds;
} units[] = {
    /* Longer names first: `ms` begins with the name of minutes. */
    {"ns", 1}, {"us", 1e3}, {"\xC2\xB5s", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9},
};

/* Moves `text` past a number such as 1.5. */
static bool read_number(const char **text, double *number)
{
    size_t whole = strspn(*text, "0123456789");
    const char *end = *text + whole;
    size_t part = 0;
    if (*end == '.') {
        part = strspn(end + 1, "0123456789");
        end += 1 + part;
    }
    if (whole + part == 0)
        return false;
    *number = strtod(*text, NULL);
    *text = end;
    return true;
}

/* Moves `text` past a unit. */
static bool read_unit(const char **text, double *nanoseconds)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t length = strlen(units[i].name);
        if (strncmp(*text, units[i].name, length) == 0) {
            *nanoseconds = units[i].nanoseconds;
            *text += length;
            return true;
        }
    }
    return false;
}

uint64_t kiln_milliseconds(kiln_duration duration)
{
    return duration.nanoseconds / 1000000;
}

bool kiln_parse_duration(const char *text, kiln_duration *duration)
{
    double sum = 0;
    if (strcmp(text, "0") == 0) {
        duration->nanoseconds = 0;
        return true;
    }
    do {
        double number, unit;
        if (!read_number(&text, &number) || !read_unit(&text, &unit))
            return false;
        sum += number * unit;
        if (sum > LONGEST)
            return false;
    } while (*text != '\0');
    duration->nanoseconds = (uint64_t)(sum + 0.5);
    return true;
}
