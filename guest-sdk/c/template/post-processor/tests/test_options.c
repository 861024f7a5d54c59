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
    const struct options *options =
        kiln_read_options(&options_table, "{ \"output\": \"SHA256SUMS\", \"prefix\": \"./\" }");
    kiln_text list = {0};
    append_line(&list, options, "ab12", "disk.raw");
    assert(strcmp(list.chars, "ab12  ./disk.raw\n") == 0);
    assert(problems_of(options).count == 0);

    options = kiln_read_options(&options_table, "{ \"output\": \"SHA256SUMS\", \"prefix\": \"\\n\" }");
    assert(problems_of(options).count == 1);
    assert(strcmp(problems_of(options).items[0].at, "/prefix") == 0);
    return 0;
}
