/* Lengths of time as Packer's users write them: 5m, 1h30m, 1.5s, 500ms. Pure: usable in native tests. */
#ifndef KILNBOX_DURATION_H
#define KILNBOX_DURATION_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t nanoseconds;
} kiln_duration;

/* As the contract counts. */
uint64_t kiln_milliseconds(kiln_duration duration);

/* False, without an error, where the text is no duration. */
bool kiln_parse_duration(const char *text, kiln_duration *duration);

#endif
