/** Networks of dense layers: their layers, parameters and files. */
@NullMarked
package org.lora4j.nn;

import org.jspecify.annotations.NullMarked;
