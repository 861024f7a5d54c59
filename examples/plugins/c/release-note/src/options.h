/* What the user writes in the template, and what the schema cannot say of it. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <kilnbox/options.h>

struct options {
    /* The file to write. */
    const char *output;
    const char *title;
    kiln_strings algorithms;
};

extern const kiln_options options_table;

void find_problems(const void *options, kiln_problems *problems);

#endif
