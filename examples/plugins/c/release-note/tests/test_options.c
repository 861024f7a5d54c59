#include "../src/options.h"
#include <kilnbox/expect.h>

static kiln_problems problems_of(const char *json)
{
    const struct options *options = kiln_read_options(&options_table, json);
    EXPECT(options != NULL);
    kiln_problems problems = {0};
    find_problems(options, &problems);
    return problems;
}

int main(void)
{
    const struct options *options = kiln_read_options(&options_table, "{ \"output\": \"note.md\" }");
    EXPECT_TEXT(options->title, "Release");
    EXPECT_TEXT(kiln_join(options->algorithms, " "), "sha256");
    EXPECT(problems_of("{ \"output\": \"note.md\" }").count == 0);

    kiln_problems problems = problems_of("{ \"output\": \"note.md\", \"algorithms\": [] }");
    EXPECT(problems.count == 1);
    EXPECT_TEXT(problems.items[0].at, "/algorithms");
    EXPECT_TEXT(problems.items[0].message, "at least one is needed");
    return 0;
}
