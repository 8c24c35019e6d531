# Writes the bytes of IN as the C array ID into OUT.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){20})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT}
  "extern const char ${ID}[];\nconst char ${ID}[] = {\n${bytes}0};\n")
