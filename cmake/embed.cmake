# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=x.cc -DHEADER=fovea/folder/x.h -DTYPE=RecipeFile -DVARIABLE=recipe_files -DKEY=NAME_WE "-DFILES=a.toml;b.toml"
# -P embed.cmake: writes files as string literals {name, text} in the span that HEADER declares. KEY is NAME_WE or NAME and
# determines the names.
set(text "#include \"${HEADER}\"\n\nnamespace fovea {\nnamespace {\nusing namespace std::string_view_literals;\nconstexpr ${TYPE} files[] = {\n")
foreach(file ${FILES})
  get_filename_component(name ${file} ${KEY})
  file(READ ${file} content)
  string(APPEND text "    {\"${name}\", R\"embedded(${content})embedded\"sv},\n")
endforeach()
string(APPEND text "};\n}  // namespace\nconst std::span<const ${TYPE}> ${VARIABLE} = files;\n}  // namespace fovea\n")
file(WRITE ${OUTPUT} "${text}")
