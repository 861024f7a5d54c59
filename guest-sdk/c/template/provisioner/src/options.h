/* What the user writes in the template, and logic that needs no host. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <kilnbox/options.h>

struct options {
    const char *text;
    const char *path;
    bool sudo;
};

extern const kiln_options options_table;

/* The file, which ends with a line break. */
const char *content(const struct options *options);

void find_problems(const void *options, kiln_problems *problems);

#endif
