/* What the user writes in the template, and logic that needs no host. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <kilnbox/options.h>

struct options {
    /* The file to write. */
    const char *output;
    const char *prefix;
};

extern const kiln_options options_table;

/* Appends the line of one file. */
void append_line(kiln_text *list, const struct options *options, const char *digest, const char *file);

void find_problems(const void *options, kiln_problems *problems);

#endif
