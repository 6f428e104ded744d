/**
 * Matrix factorisations: singular value decomposition, thin QR and the low-rank factors they yield.
 *
 * <p>Plain functions on matrices of type {@code FLOAT} or {@code DOUBLE}, in any order and with any strides. Arguments
 * are never written to. Work is done in the matrix's own type; results have that type, are new, contiguous and in 'c'
 * order. Equal input gives results equal to the bit on one machine with one setting of BLAS threads.
 */
@NullMarked
package org.lora4j.linalg;

import org.jspecify.annotations.NullMarked;
