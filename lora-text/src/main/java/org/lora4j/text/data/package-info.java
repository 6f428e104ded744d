/**
 * Files: rows of texts, data sets that are divided and shuffled, and the examples that are made of them; and the weights of an ONNX file.
 */
@NullMarked
package org.lora4j.text.data;

import org.jspecify.annotations.NullMarked;
