#include "core/format.h"

#include <stdbool.h>
#include <stddef.h>

// 2^64 has 20 decimal digits.
#define DIGITS_MAX 20u

struct output {
    char *text;
    uint32_t bytes;
    uint32_t length;
};

static void put(struct output *out, char character)
{
    if (out->length + 1u < out->bytes) {
        out->text[out->length++] = character;
    }
}

static void put_text(struct output *out, const char *text)
{
    for (; *text != '\0'; text++) {
        put(out, *text);
    }
}

static void put_number(struct output *out, uint64_t number, uint32_t base)
{
    char digits[DIGITS_MAX];
    uint32_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0) {
        put(out, digits[--count]);
    }
}

static void put_signed(struct output *out, int64_t number)
{
    if (number < 0) {
        put(out, '-');
    }
    // Negated without a sign: the least number has no counterpart.
    put_number(out, number < 0 ? 0u - (uint64_t)number : (uint64_t)number, 10);
}

// As wide as the l before it say.
static uint64_t take_unsigned(va_list *arguments, uint32_t longs)
{
    return longs == 0   ? va_arg(*arguments, unsigned)
           : longs == 1 ? va_arg(*arguments, unsigned long)
                        : va_arg(*arguments, unsigned long long);
}

static int64_t take_signed(va_list *arguments, uint32_t longs)
{
    return longs == 0   ? va_arg(*arguments, int)
           : longs == 1 ? va_arg(*arguments, long)
                        : va_arg(*arguments, long long);
}

// False where the conversion is not known.
static bool convert(struct output *out, char conversion, uint32_t longs, va_list *arguments)
{
    switch (conversion) {
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        put_text(out, text != NULL ? text : "(null)");
        return true;
    }
    case 'c':
        put(out, (char)va_arg(*arguments, int));
        return true;
    case 'd':
        put_signed(out, take_signed(arguments, longs));
        return true;
    case 'u':
        put_number(out, take_unsigned(arguments, longs), 10);
        return true;
    case 'x':
        put_number(out, take_unsigned(arguments, longs), 16);
        return true;
    case '%':
        put(out, '%');
        return true;
    default:
        return false;
    }
}

void format_text(char *text, uint32_t bytes, const char *format, va_list arguments)
{
    struct output out = {text, bytes, 0};
    va_list rest;
    va_copy(rest, arguments);
    while (*format != '\0') {
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        const char *conversion = format + 1;
        uint32_t longs = 0;
        while (longs < 2 && *conversion == 'l') {
            conversion++;
            longs++;
        }
        if (!convert(&out, *conversion, longs, &rest)) {
            put_text(&out, format);
            break;
        }
        format = conversion + 1;
    }
    va_end(rest);
    // Volatile, or the compiler makes a call of memset of it, which not every machine has.
    for (uint32_t at = out.length; at < bytes; at++) {
        *(volatile char *)&text[at] = '\0';
    }
}
