/* Texts of the contract are UTF-8, and the host ends a component that hands it anything else. */
#ifndef KILNBOX_UTF8_H
#define KILNBOX_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* A copy in which U+FFFD stands for each piece that is no character, and for each zero byte. */
char *kiln_sound(const uint8_t *bytes, size_t length);

#endif
