/** Opens, replaces and locks files safely. Not part of the API: any release can change it. */
@NullMarked
package org.lora4j.io.internal;

import org.jspecify.annotations.NullMarked;
