/* Words for the person who watches. */
#ifndef KILNBOX_UI_H
#define KILNBOX_UI_H

#include "text.h"

typedef enum { KILN_LOG_TRACE, KILN_LOG_DEBUG, KILN_LOG_INFO, KILN_LOG_WARN, KILN_LOG_ERROR } kiln_level;

/* A headline. */
void kiln_say(const char *format, ...) KILN_PRINTF(1, 2);

/* A detail below it. */
void kiln_message(const char *format, ...) KILN_PRINTF(1, 2);

/* Something is wrong, and the step goes on. */
void kiln_complain(const char *format, ...) KILN_PRINTF(1, 2);

/* A record, shown on request. `fields` are names and values in turn, ended by NULL: KILN_PAIRS("path", path). */
void kiln_log(kiln_level level, const char *text, const char *const *fields);

/* How far the step is, in units of its own; a `total` of 0 is not known. */
void kiln_progress(const char *what, uint64_t done, uint64_t total);

#define KILN_PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
