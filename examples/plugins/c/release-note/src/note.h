/* The text of the note, as Markdown. */
#ifndef NOTE_H
#define NOTE_H

#include <kilnbox/text.h>

/* What is known of a file of the artifact. */
struct file {
    const char *name;
    uint64_t size;
    /* In the order of the algorithms. */
    kiln_strings digests;
};

struct note {
    const char *title;
    const char *builder;
    /* May be empty. */
    const char *artifact;
    kiln_strings algorithms;
    const struct file *files;
    size_t file_count;
};

kiln_bytes note_text(const struct note *note);

#endif
