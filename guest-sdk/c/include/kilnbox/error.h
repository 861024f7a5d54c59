/* The error of the step: the last one that was set is what the host is told when `run` returns false. Pure: usable in
 * native tests. */
#ifndef KILNBOX_ERROR_H
#define KILNBOX_ERROR_H

#include "text.h"

/* As the contract numbers them. */
typedef enum {
    KILN_DENIED,
    KILN_INVALID,
    KILN_NOT_FOUND,
    KILN_TIMEOUT,
    KILN_CANCELLED,
    KILN_LIMIT,
    KILN_CONNECTION,
    KILN_REMOTE,
    KILN_OTHER,
} kiln_error_code;

typedef struct {
    kiln_error_code code;
    /* A lowercase fragment without a full stop. */
    const char *message;
    /* What was being done, innermost first. */
    kiln_strings context;
} kiln_error;

/* Sets the error. Returns false, so that `return kiln_fail(…)` says it all. */
bool kiln_fail(kiln_error_code code, const char *format, ...) KILN_PRINTF(2, 3);

/* Adds what was being done to the error, a fragment such as "writing the report". Returns false. */
bool kiln_context(const char *format, ...) KILN_PRINTF(1, 2);

/* Sets all of the error. Returns false. */
bool kiln_set_error(kiln_error error);

kiln_error kiln_get_error(void);

/* Outermost first: "uploading the script: connection reset". */
char *kiln_error_text(void);

#endif
