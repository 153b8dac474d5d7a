// Text with numbers in it, without a heap and within bounds.
#ifndef CARILLON_CORE_FORMAT_H
#define CARILLON_CORE_FORMAT_H

#include <stdarg.h>
#include <stdint.h>

// Writes what `format` says into `text`, always closed by a zero byte and filled up with them to
// `bytes`, at least 1. What does not fit is left out.
//
// Understood: %s (NULL is "(null)"), %c, %d, %u and %x, the last three with l or ll before them, and
// %%. Anything else stands there as it is, and ends the formatting: what its argument is, is unknown.
void format_text(char *text, uint32_t bytes, const char *format, va_list arguments);

#endif
