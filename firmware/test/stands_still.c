// Stops the process of a core before it does anything: it answers nothing, and takes no signal but
// SIGKILL. Linked into the hosted firmware of a test. Not part of the firmware.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// The environment names the pipe in which it says which process it is.
#define PIPE "CARILLON_TEST_PIPE"

__attribute__((constructor)) static void stand_still(void)
{
    const char *name = getenv(PIPE);
    FILE *pipe = name != NULL ? fopen(name, "w") : NULL;
    if (pipe == NULL) {
        _exit(2);
    }
    fprintf(pipe, "%ld\n", (long)getpid());
    fclose(pipe);
    raise(SIGSTOP);
}
