#include "options.h"

#include <string.h>

static const kiln_option fields[] = {
    KILN_OPTION(struct options, output, .about = "The file to write.", .format = KILN_OUTPUT_PATH, .required = true),
    KILN_OPTION(struct options, prefix, .about = "Text before the name of each file.", .otherwise = KILN_JSON("")),
};

const kiln_options options_table = KILN_OPTIONS(struct options, fields);

void append_line(kiln_text *list, const struct options *options, const char *digest, const char *file)
{
    kiln_append(list, "%s  %s%s\n", digest, options->prefix, file);
}

void find_problems(const void *given, kiln_problems *problems)
{
    const struct options *options = given;
    if (strchr(options->prefix, '\n') != NULL)
        kiln_add_problem(problems, (kiln_problem){
                                       .severity = KILN_ERROR,
                                       .at = "/prefix",
                                       .message = "has a line break in it",
                                   });
}
