#include <kilnbox/expect.h>
#include "kilnbox/error.h"
#include "kilnbox/options.h"

struct options {
    const char *path;
    const char *banner;
    const char *level;
    bool sudo;
    int64_t tries;
    double share;
    kiln_duration pause;
    kiln_duration limit;
    kiln_strings users;
    kiln_strings reports;
};

/* clang-format off */
static const kiln_option fields[] = {
    KILN_OPTION(struct options, path, .about = "Where.", .required = true),
    KILN_OPTION(struct options, banner, .about = "Shown first.", .format = KILN_ASSET_FILE),
    KILN_OPTION(struct options, level, .choices = KILN_CHOICES("low", "high"), .otherwise = KILN_JSON("low")),
    KILN_OPTION(struct options, sudo, .otherwise = KILN_JSON(true)),
    KILN_OPTION(struct options, tries, .otherwise = KILN_JSON(3), .keywords = KILN_JSON({"minimum": 1, "maximum": 9})),
    KILN_OPTION(struct options, share, .about = NULL),
    KILN_OPTION(struct options, pause, .otherwise = KILN_JSON("1m30s")),
    KILN_OPTION(struct options, limit, .about = NULL),
    KILN_OPTION(struct options, users, .otherwise = KILN_JSON(["a", "b"])),
    KILN_OPTION(struct options, reports, .format = KILN_OUTPUT_PATH),
};
/* clang-format on */

static const kiln_options table = KILN_OPTIONS(struct options, fields);

static void the_schema_has_all_of_the_table(void)
{
    EXPECT_TEXT(kiln_schema(&table, "Does it.", "[{\"type\": \"it\"}]"),
                "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"description\":\"Does it.\","
                "\"type\":\"object\",\"properties\":{"
                "\"path\":{\"description\":\"Where.\",\"type\":\"string\"},"
                "\"banner\":{\"description\":\"Shown first.\",\"type\":[\"string\",\"null\"],"
                "\"format\":\"asset-file\"},"
                "\"level\":{\"type\":\"string\",\"enum\":[\"low\",\"high\"],\"default\":\"low\"},"
                "\"sudo\":{\"type\":\"boolean\",\"default\":true},"
                "\"tries\":{\"type\":\"integer\",\"default\":3,\"minimum\":1,\"maximum\":9},"
                "\"share\":{\"type\":[\"number\",\"null\"]},"
                "\"pause\":{\"type\":[\"string\",\"integer\"],\"format\":\"duration\",\"default\":\"1m30s\"},"
                "\"limit\":{\"type\":[\"string\",\"integer\",\"null\"],\"format\":\"duration\"},"
                "\"users\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"default\":[\"a\",\"b\"]},"
                "\"reports\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"format\":\"output-path\"}}},"
                "\"additionalProperties\":false,\"required\":[\"path\"],\"examples\":[{\"type\":\"it\"}]}");
}

static void what_is_not_written_is_otherwise(void)
{
    const struct options *options = kiln_read_options(&table, "{ \"path\": \"/x\", \"banner\": null }");
    EXPECT(options != NULL);
    EXPECT_TEXT(options->path, "/x");
    EXPECT(options->banner == NULL);
    EXPECT_TEXT(options->level, "low");
    EXPECT(options->sudo);
    EXPECT(options->tries == 3);
    EXPECT(options->share == 0);
    EXPECT(kiln_milliseconds(options->pause) == 90000);
    EXPECT(options->limit.nanoseconds == 0);
    EXPECT_TEXT(kiln_join(options->users, " "), "a b");
    EXPECT(options->reports.count == 0);
}

static void what_is_written_is_read(void)
{
    const struct options *options =
        kiln_read_options(&table, "{ \"path\": \"a \\u00e4\", \"banner\": \"b\", \"level\": \"high\", \"sudo\": false,"
                                  "  \"tries\": -9007199254740991, \"share\": 0.5, \"pause\": 2000000, \"limit\": "
                                  "\"5m\", \"users\": [], \"reports\": [\"r\"] }");
    EXPECT(options != NULL);
    EXPECT_TEXT(options->path, "a \xC3\xA4");
    EXPECT_TEXT(options->banner, "b");
    EXPECT_TEXT(options->level, "high");
    EXPECT(!options->sudo);
    EXPECT(options->tries == -9007199254740991);
    EXPECT(options->share == 0.5);
    EXPECT(kiln_milliseconds(options->pause) == 2);
    EXPECT(kiln_milliseconds(options->limit) == 300000);
    EXPECT(options->users.count == 0);
    EXPECT_TEXT(kiln_join(options->reports, " "), "r");
}

static void check_error(const char *json, const char *expected)
{
    EXPECT(kiln_read_options(&table, json) == NULL);
    EXPECT(kiln_get_error().code == KILN_INVALID);
    EXPECT_TEXT(kiln_error_text(), expected);
}

static void what_does_not_fit_is_an_error(void)
{
    check_error("[", "the options are no JSON object");
    check_error("[]", "the options are no JSON object");
    check_error("{}", "`path` is missing");
    check_error("{ \"path\": 1 }", "`path` must be text");
    check_error("{ \"path\": \"x\", \"level\": \"middle\" }", "`level` cannot be `middle`");
    check_error("{ \"path\": \"x\", \"sudo\": \"yes\" }", "`sudo` must be true or false");
    check_error("{ \"path\": \"x\", \"tries\": 1.5 }", "`tries` must be an integer");
    check_error("{ \"path\": \"x\", \"tries\": 1e300 }", "`tries` must be an integer");
    check_error("{ \"path\": \"x\", \"share\": \"half\" }", "`share` must be a number");
    check_error("{ \"path\": \"x\", \"pause\": \"5\" }", "`pause` must be a duration such as `5m`");
    check_error("{ \"path\": \"x\", \"pause\": -1 }", "`pause` must be a duration such as `5m`");
    check_error("{ \"path\": \"x\", \"users\": \"a\" }", "`users` must be a list");
    check_error("{ \"path\": \"x\", \"users\": [1] }", "`users` must be text");
}

static void problems_are_kept_in_their_order(void)
{
    kiln_problems problems = {0};
    kiln_add_problem(&problems, (kiln_problem){.at = "/a", .message = "one"});
    kiln_add_problem(&problems, (kiln_problem){.severity = KILN_WARNING, .at = "/b", .message = "two"});
    EXPECT(problems.count == 2);
    EXPECT_TEXT(problems.items[0].message, "one");
    EXPECT(problems.items[1].severity == KILN_WARNING);
}

int main(void)
{
    the_schema_has_all_of_the_table();
    what_is_not_written_is_otherwise();
    what_is_written_is_read();
    what_does_not_fit_is_an_error();
    problems_are_kept_in_their_order();
    return 0;
}
