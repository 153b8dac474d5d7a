// A pool of equal pages for what effects cannot know the size of beforehand. No heap: one static
// array, runs of whole pages found first-fit, every operation bounded by the number of pages.
#ifndef CARILLON_CORE_PAGE_POOL_H
#define CARILLON_CORE_PAGE_POOL_H

#include <stddef.h>
#include <stdint.h>

// Doubles in a page: 4 KiB.
#define PAGE_DOUBLES 512u

// Pages of one core. 4,096 pages are 16 MiB: 100 streams with a 256-tap filter take about 400.
#ifndef PAGE_POOL_PAGES
#define PAGE_POOL_PAGES 4096u
#endif

struct page_pool {
    _Alignas(64) double pages[PAGE_POOL_PAGES][PAGE_DOUBLES];
    // For the first page of a run its length in pages, for the others of the run UINT16_MAX, for a
    // free page 0.
    uint16_t run[PAGE_POOL_PAGES];
    uint32_t used;
};

// `count` zeroed doubles in a row, 64-byte aligned, or NULL where no run of pages is long enough.
double *page_pool_take(struct page_pool *pool, size_t count);

// Gives back what page_pool_take returned. NULL is allowed.
void page_pool_give(struct page_pool *pool, double *run);

#endif
