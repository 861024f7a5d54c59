/* How a command ended, in words. Apart from exec.c, since it calls nothing of the host. */

#include "kilnbox/exec.h"

bool kiln_succeeded(const kiln_outcome *outcome)
{
    switch (outcome->ending) {
    case KILN_SIGNALLED:
        return kiln_fail(KILN_REMOTE, "ended by signal %s", outcome->signal);
    case KILN_LOST:
        return kiln_fail(KILN_REMOTE, "the connection was lost");
    case KILN_EXITED:
        break;
    }
    if (outcome->code == 0)
        return true;
    const char *said = kiln_trim(outcome->errors);
    if (*said != '\0')
        return kiln_fail(KILN_REMOTE, "%s", said);
    return kiln_fail(KILN_REMOTE, "exit code %u", (unsigned)outcome->code);
}
