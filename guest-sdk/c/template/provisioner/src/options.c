#include "options.h"

static const kiln_option fields[] = {
    KILN_OPTION(struct options, text, .about = "What the message says.", .required = true),
    KILN_OPTION(struct options, path, .about = "The file on the instance.", .otherwise = KILN_JSON("/etc/motd")),
    KILN_OPTION(struct options, sudo, .about = "Whether to put the file in place with `sudo`.",
                .otherwise = KILN_JSON(false)),
};

const kiln_options options_table = KILN_OPTIONS(struct options, fields);

const char *content(const struct options *options)
{
    return kiln_format("%s\n", kiln_trim(options->text));
}

void find_problems(const void *given, kiln_problems *problems)
{
    const struct options *options = given;
    if (*kiln_trim(options->text) == '\0')
        kiln_add_problem(problems, (kiln_problem){.severity = KILN_ERROR, .at = "/text", .message = "says nothing"});
}
