import { CarillonError } from '../src/errors.ts'

/**
 * A benchmark could not be carried out.
 *
 * - `ERR_CARILLON_BENCH_BUILD`: a program did not build, or what builds it is missing.
 * - `ERR_CARILLON_BENCH_SERVER`: a server did not start, ended, or did not do what it should.
 * - `ERR_CARILLON_BENCH_LOAD`: the load generator failed.
 * - `ERR_CARILLON_BENCH_RESULTS`: a file of results cannot be read, or not be compared.
 * - `ERR_CARILLON_BENCH_PAGE`: the page of the results cannot be written again.
 */
export class BenchError extends CarillonError {
  constructor(
    code: `ERR_CARILLON_BENCH_${'BUILD' | 'SERVER' | 'LOAD' | 'RESULTS' | 'PAGE'}`,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options)
  }
}
