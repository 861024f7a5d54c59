/* Commands on the instance. */
#ifndef KILNBOX_EXEC_H
#define KILNBOX_EXEC_H

#include "error.h"
#include "host.h"
#include "ui.h"

typedef enum {
    /* Line by line to the person who watches. */
    KILN_FORWARD,
    KILN_DISCARD,
    /* Kept for the outcome. */
    KILN_CAPTURE,
} kiln_output;

/* All but `line` may be left out. */
typedef struct {
    const char *line;
    kiln_output output;
    /* Bytes kept by KILN_CAPTURE, of standard output and of standard error each; 0 for 4096. */
    uint32_t limit;
    /* Names and values: KILN_PAIRS("DEBIAN_FRONTEND", "noninteractive"). */
    const char *const *environment;
    kiln_bytes input;
    /* Another account of the instance. */
    const char *run_as;
    bool pty;
    /* Milliseconds, 0 for none. The command then ends with an error KILN_TIMEOUT. */
    uint64_t timeout;
} kiln_command;

typedef enum { KILN_EXITED, KILN_SIGNALLED, KILN_LOST } kiln_ending;

typedef struct {
    kiln_ending ending;
    /* After KILN_EXITED. */
    uint32_t code;
    /* After KILN_SIGNALLED: a name without SIG. */
    const char *signal;
    /* Empty unless captured. */
    const char *output;
    const char *errors;
    /* More came than was kept. */
    bool truncated;
} kiln_outcome;

/* Runs to the end. A code that is not zero is no failure. */
bool kiln_exec(kiln_instance on, kiln_command command, kiln_outcome *outcome);

/* True for code 0. Otherwise the error is what the command wrote to standard error, which is known where it was
 * captured, or how it ended. */
bool kiln_succeeded(const kiln_outcome *outcome);

/* A command that must succeed, its output forwarded. */
bool kiln_run(kiln_instance on, const char *format, ...) KILN_PRINTF(2, 3);

#endif
