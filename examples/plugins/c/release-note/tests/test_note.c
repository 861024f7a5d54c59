#include "../src/note.h"
#include <kilnbox/expect.h>

int main(void)
{
    struct file files[] = {
        {.name = "out/disk.raw", .size = 42, .digests = KILN_STRINGS("aa", "bb")},
        {.name = "notes", .size = 0, .digests = KILN_STRINGS("cc", "dd")},
    };
    struct note note = {
        .title = "Web 1.0",
        .builder = "kilnbox.file",
        .artifact = "File",
        .algorithms = KILN_STRINGS("md5", "sha256"),
        .files = files,
        .file_count = 2,
    };
    EXPECT_TEXT(note_text(&note).bytes, "# Web 1.0\n\nMade by kilnbox.file: File\n\n"
                                        "## disk.raw\n\n- size: 42 bytes\n- md5: aa\n- sha256: bb\n\n"
                                        "## notes\n\n- size: 0 bytes\n- md5: cc\n- sha256: dd\n");

    note = (struct note){.title = "Release", .builder = "kilnbox.null", .artifact = ""};
    EXPECT_TEXT(note_text(&note).bytes, "# Release\n\nMade by kilnbox.null\n");
    return 0;
}
