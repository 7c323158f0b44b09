/** Loops while it is imported. */

for (;;);
