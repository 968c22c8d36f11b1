# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=x.cc -DINPUT=x.toml -DHEADER=fovea/folder/x.h -DVARIABLE=x -P embed_text.cmake: writes a file as the
# std::string_view that HEADER declares. The standard limits string literals to 64 KiB; the supported compilers accept longer
# ones.
file(READ ${INPUT} content)
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\nnamespace fovea {\nconst std::string_view ${VARIABLE} = R\"text(${content})text\";\n}  // namespace fovea\n")
