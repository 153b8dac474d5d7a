/** A value of one of QEMU's options, which takes a comma for its end. */
export const optionValue = (text) => text.replaceAll(',', ',,')
