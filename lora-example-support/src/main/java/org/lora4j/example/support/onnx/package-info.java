/** Weights out of ONNX files. */
@NullMarked
package org.lora4j.example.support.onnx;

import org.jspecify.annotations.NullMarked;
