#include "note.h"

#include <inttypes.h>
#include <string.h>

static void append_file(kiln_text *text, const struct file *file, kiln_strings algorithms)
{
    const char *slash = strrchr(file->name, '/');
    kiln_append(text, "\n## %s\n\n- size: %" PRIu64 " bytes\n", slash != NULL ? slash + 1 : file->name, file->size);
    for (size_t i = 0; i < algorithms.count; i++)
        kiln_append(text, "- %s: %s\n", algorithms.items[i], file->digests.items[i]);
}

kiln_bytes note_text(const struct note *note)
{
    kiln_text text = {0};
    kiln_append(&text, "# %s\n\nMade by %s", note->title, note->builder);
    if (*note->artifact != '\0')
        kiln_append(&text, ": %s", note->artifact);
    kiln_append(&text, "\n");
    for (size_t i = 0; i < note->file_count; i++)
        append_file(&text, &note->files[i], note->algorithms);
    return (kiln_bytes){.bytes = text.chars, .length = text.length};
}
