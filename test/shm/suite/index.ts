// What holds over whatever maps the memory. Import it after `CARILLON_MAPPER` is set.
import './mapping.ts'
import './region-place.ts'
import './shared-region.ts'
import './truncation.ts'
