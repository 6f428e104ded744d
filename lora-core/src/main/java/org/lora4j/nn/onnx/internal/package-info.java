/** Networks as graphs of ONNX. Not part of the API: it can change in any release. */
@NullMarked
package org.lora4j.nn.onnx.internal;

import org.jspecify.annotations.NullMarked;
