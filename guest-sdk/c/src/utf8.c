#include "utf8.h"

#include <string.h>

#include "kilnbox/text.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* How many bytes at `bytes` belong together, of Unicode's table 3-7: a whole character, or as much as is there of one
 * that is cut off or wrong, which is one error. */
static size_t character(const uint8_t *bytes, size_t left, bool *whole)
{
    uint8_t first = bytes[0];
    uint8_t low = 0x80, high = 0xBF;
    size_t length;
    if (first < 0x80) {
        length = 1;
    } else if (first >= 0xC2 && first <= 0xDF) {
        length = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        length = 3;
        low = first == 0xE0 ? 0xA0 : low;
        high = first == 0xED ? 0x9F : high;
    } else if (first >= 0xF0 && first <= 0xF4) {
        length = 4;
        low = first == 0xF0 ? 0x90 : low;
        high = first == 0xF4 ? 0x8F : high;
    } else {
        length = 0;
    }
    size_t there = 1;
    while (there < length && there < left && bytes[there] >= low && bytes[there] <= high) {
        there++;
        low = 0x80;
        high = 0xBF;
    }
    *whole = first != 0 && there == length;
    return there;
}

char *kiln_sound(const uint8_t *bytes, size_t length)
{
    char *text = kiln_allocate(3 * length + 1);
    char *end = text;
    for (size_t at = 0; at < length;) {
        bool whole;
        size_t taken = character(bytes + at, length - at, &whole);
        if (whole) {
            memcpy(end, bytes + at, taken);
            end += taken;
        } else {
            memcpy(end, REPLACEMENT, 3);
            end += 3;
        }
        at += taken;
    }
    return text;
}
