#include "core/page_pool.h"

#include <string.h>

#include "core/assert.h"

// A page of a run that is not its first.
#define REST_OF_RUN UINT16_MAX

// A run as long as the pool must still differ from REST_OF_RUN.
_Static_assert(PAGE_POOL_PAGES < REST_OF_RUN, "lengths of runs fit 16 bits");

// The first of `wanted` free pages in a row, or PAGE_POOL_PAGES where there are none.
static uint32_t first_fit(const struct page_pool *pool, uint32_t wanted)
{
    uint32_t first = 0;
    uint32_t at = 0;
    while (at < PAGE_POOL_PAGES) {
        if (pool->run[at] != 0) {
            at += pool->run[at];
            first = at;
        } else if (++at - first == wanted) {
            return first;
        }
    }
    return PAGE_POOL_PAGES;
}

double *page_pool_take(struct page_pool *pool, size_t count)
{
    if (count == 0 || count > (size_t)PAGE_POOL_PAGES * PAGE_DOUBLES) {
        return NULL;
    }
    uint32_t wanted = (uint32_t)((count + PAGE_DOUBLES - 1) / PAGE_DOUBLES);
    uint32_t first = first_fit(pool, wanted);
    if (first == PAGE_POOL_PAGES) {
        return NULL;
    }
    pool->run[first] = (uint16_t)wanted;
    for (uint32_t page = first + 1; page < first + wanted; page++) {
        pool->run[page] = REST_OF_RUN;
    }
    pool->used += wanted;
    return memset(pool->pages[first], 0, count * sizeof(double));
}

void page_pool_give(struct page_pool *pool, double *run)
{
    if (run == NULL) {
        return;
    }
    size_t first = (size_t)(run - pool->pages[0]) / PAGE_DOUBLES;
    ASSERT(first < PAGE_POOL_PAGES);
    uint32_t length = pool->run[first];
    // What was given back already would take a neighbour's pages along.
    ASSERT(length != 0 && length != REST_OF_RUN && length <= pool->used);
    memset(&pool->run[first], 0, length * sizeof pool->run[0]);
    pool->used -= length;
}
