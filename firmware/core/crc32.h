// CRC-32 as of Ethernet, zip and zlib: polynomial 0x04c11db7, reflected, initially all ones, inverted
// at the end; of "123456789" it is 0xcbf43926.
#ifndef CARILLON_CORE_CRC32_H
#define CARILLON_CORE_CRC32_H

#include <stdint.h>

// The checksum of what `crc` is the checksum of, followed by `bytes` of data. Of nothing it is 0.
uint32_t crc32_of(uint32_t crc, const void *data, uint32_t bytes);

#endif
