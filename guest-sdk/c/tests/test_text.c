#include <kilnbox/expect.h>
#include "kilnbox/text.h"
#include "utf8.h"

static void words_are_quoted_where_they_must_be(void)
{
    EXPECT_TEXT(kiln_quote("/etc/motd"), "/etc/motd");
    EXPECT_TEXT(kiln_quote("a=b,c:d@e%f+g-h_i"), "a=b,c:d@e%f+g-h_i");
    EXPECT_TEXT(kiln_quote(""), "''");
    EXPECT_TEXT(kiln_quote("it is; reboot"), "'it is; reboot'");
    EXPECT_TEXT(kiln_quote("it's"), "'it'\\''s'");
    EXPECT_TEXT(kiln_quote("~root"), "'~root'");
    EXPECT_TEXT(kiln_quote("$(id)"), "'$(id)'");
    EXPECT_TEXT(kiln_quote("a\nb"), "'a\nb'");
}

static void white_space_is_trimmed_at_both_ends(void)
{
    EXPECT_TEXT(kiln_trim("\t a b \r\n"), "a b");
    EXPECT_TEXT(kiln_trim(" \n"), "");
    EXPECT_TEXT(kiln_trim(""), "");
}

static void lists_are_joined(void)
{
    EXPECT_TEXT(kiln_join(KILN_STRINGS("a", "b", "c"), ", "), "a, b, c");
    EXPECT_TEXT(kiln_join((kiln_strings){0}, ", "), "");
}

static void a_text_grows(void)
{
    kiln_text text = {0};
    for (int i = 0; i < 1000; i++)
        kiln_append(&text, "%d ", i);
    EXPECT(text.length == 3890);
    EXPECT(strlen(text.chars) == text.length);
    EXPECT(strncmp(text.chars, "0 1 2 ", 6) == 0);
}

static void check_utf8(const char *bytes, size_t length, const char *expected)
{
    EXPECT_TEXT(kiln_sound((const uint8_t *)bytes, length), expected);
}

static void what_is_no_utf8_is_replaced(void)
{
    check_utf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 10, "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
    check_utf8("a\0b", 3,
               "a\xEF\xBF\xBD"
               "b");
    check_utf8("\xE4n", 2, "\xEF\xBF\xBDn");
    /* Too long, a surrogate, past the last character, cut off. */
    check_utf8("\xC0\xAF", 2, "\xEF\xBF\xBD\xEF\xBF\xBD");
    check_utf8("\xED\xA0\x80", 3, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    check_utf8("\xF4\x90\x80\x80", 4, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    check_utf8("\xE2\x82", 2, "\xEF\xBF\xBD");
    check_utf8("\xF0\x9F\x98n", 4, "\xEF\xBF\xBDn");
    check_utf8("", 0, "");
}

int main(void)
{
    words_are_quoted_where_they_must_be();
    white_space_is_trimmed_at_both_ends();
    lists_are_joined();
    a_text_grows();
    what_is_no_utf8_is_replaced();
    return 0;
}
