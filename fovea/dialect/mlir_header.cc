// Carries the precompiled header of CMakeLists.txt.
