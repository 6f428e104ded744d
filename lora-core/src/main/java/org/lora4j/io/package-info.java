/** Where models are read from, and what a reader accepts. The formats have packages of their own. */
@NullMarked
package org.lora4j.io;

import org.jspecify.annotations.NullMarked;
