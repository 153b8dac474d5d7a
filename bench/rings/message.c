#include "rings/message.h"

#include "common/program.h"

void message_refuse(const void *message, uint32_t sequence)
{
    const uint32_t *words = message;
    program_fail(1, "message %u came as another one, which begins with %u and ends with %u",
                 sequence, words[0], words[MESSAGE_WORDS - 1]);
}
