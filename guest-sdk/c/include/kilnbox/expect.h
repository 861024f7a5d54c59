/* A test program ends with an exit code other than 0 as soon as something is not as expected. */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT_TEXT(found, expected)                                                                                   \
    do {                                                                                                               \
        const char *found_ = (found), *expected_ = (expected);                                                         \
        if (strcmp(found_, expected_) != 0) {                                                                          \
            fprintf(stderr, "%s:%d: found\n%s\nexpected\n%s\n", __FILE__, __LINE__, found_, expected_);                \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#endif
