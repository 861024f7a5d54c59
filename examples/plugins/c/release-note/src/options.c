#include "options.h"

static const kiln_option fields[] = {
    KILN_OPTION(struct options, output, .about = "The file to write.", .format = KILN_OUTPUT_PATH, .required = true),
    KILN_OPTION(struct options, title, .about = "The headline.", .otherwise = KILN_JSON("Release")),
    KILN_OPTION(struct options, algorithms, .about = "Digests to list.",
                .choices = KILN_CHOICES("md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
                .otherwise = KILN_JSON(["sha256"])),
};

const kiln_options options_table = KILN_OPTIONS(struct options, fields);

void find_problems(const void *given, kiln_problems *problems)
{
    const struct options *options = given;
    if (options->algorithms.count == 0)
        kiln_add_problem(problems, (kiln_problem){
                                       .severity = KILN_ERROR,
                                       .at = "/algorithms",
                                       .message = "at least one is needed",
                                   });
}
