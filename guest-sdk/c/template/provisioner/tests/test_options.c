#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "../src/options.h"

static kiln_problems problems_of(const struct options *options)
{
    kiln_problems problems = {0};
    find_problems(options, &problems);
    return problems;
}

int main(void)
{
    const struct options *options = kiln_read_options(&options_table, "{ \"text\": \"Welcome.\" }");
    assert(strcmp(content(options), "Welcome.\n") == 0);
    assert(problems_of(options).count == 0);

    options = kiln_read_options(&options_table, "{ \"text\": \" \" }");
    assert(problems_of(options).count == 1);
    assert(strcmp(problems_of(options).items[0].at, "/text") == 0);
    return 0;
}
