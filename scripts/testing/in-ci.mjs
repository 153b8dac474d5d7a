/** Whether this is a CI run, where nothing may be skipped for want of a tool. */
export function inCi(value = process.env.CI) {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0'
}
