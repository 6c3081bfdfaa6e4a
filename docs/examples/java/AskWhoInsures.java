import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.components.crypto.Merlin;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecTimestamp;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/**
 * Asks who insures a person: the smallest client of the VSB gateway in Java, with Apache WSS4J 1.6 (Debian: libwss4j-java).
 *
 * <p>With WSS4J 2 and 3 the same lines stand in org.apache.wss4j.dom; there call setAddInclusivePrefixes in place of WSSConfig's.
 *
 * <pre>java AskWhoInsures ADDRESS FACILITY.p12 PASSWORD RIZIV INSZ</pre>
 */
public final class AskWhoInsures {

    private static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";

    public static void main(String[] args) throws Exception {
        Document envelope = parse(question(args[3], args[4]).getBytes(StandardCharsets.UTF_8));
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (FileInputStream file = new FileInputStream(args[1])) {
            keys.load(file, args[2].toCharArray());
        }
        sign(envelope, keys, args[2]);
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[0] + "/soap/verzekerbaarheid/v1"))
                .header("Content-Type", "text/xml; charset=utf-8")
                .header("SOAPAction", "\"urn:vsb-gateway:verzekerbaarheid:v1:Raadplegen\"")
                .POST(HttpRequest.BodyPublishers.ofString(text(envelope)))
                .build();
        HttpResponse<byte[]> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofByteArray());
        Document answer = parse(response.body());
        // Look for a fault before anything else: its detail tells every finding, with the remedy.
        boolean refused = answer.getElementsByTagNameNS(SOAP, "Fault").getLength() > 0;
        for (String name : refused ? List.of("Code", "Remedie") : List.of("Status", "Zorgkas")) {
            NodeList found = answer.getElementsByTagNameNS("*", name);
            for (int i = 0; i < found.getLength(); i++) {
                System.out.println(name + " " + found.item(i).getTextContent());
            }
        }
        System.exit(refused ? 1 : 0);
    }

    /** Signs Body, Timestamp and token: RSA-SHA256, SHA-256 digests, exclusive C14N (cookbook eibwfin, section 4). */
    private static void sign(Document envelope, KeyStore keys, String password) throws Exception {
        WSSConfig config = WSSConfig.getNewInstance();
        config.setWsiBSPCompliant(false);
        Merlin crypto = new Merlin();
        crypto.setKeyStore(keys);
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(envelope);
        WSSecTimestamp timestamp = new WSSecTimestamp(config);
        timestamp.setTimeToLive(60);
        timestamp.build(envelope, header);
        WSSecSignature signature = new WSSecSignature(config);
        signature.setUserInfo(keys.aliases().nextElement(), password);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        // WSS4J 1.6 takes SHA-1 by itself, which the gateway refuses.
        signature.setSignatureAlgorithm(RSA_SHA256);
        signature.setDigestAlgo(SHA256);
        signature.setSigCanonicalization(EXCLUSIVE);
        signature.prepare(envelope, crypto, header);
        signature.prependBSTElementToHeader(header);
        List<WSEncryptionPart> parts = List.of(
                new WSEncryptionPart("Body", SOAP, "Content"),
                new WSEncryptionPart(timestamp.getId()),
                new WSEncryptionPart(signature.getBSTTokenId()));
        signature.computeSignature(signature.addReferencesToSign(parts, header), false, null);
    }

    private static String question(String riziv, String insz) {
        return """
            <soap:Envelope xmlns:soap="%s"><soap:Body>
            <RaadplegenRequest xmlns="urn:vsb-gateway:verzekerbaarheid:v1" xmlns:c="urn:vsb-gateway:common:v1"><Hoofding>
            <c:BerichtId>%s</c:BerichtId><c:Pijler>eibwfin</c:Pijler><c:Test>false</c:Test>
            <c:Aanmaaktijdstip>%s</c:Aanmaaktijdstip><c:Afzender><c:RizivNummer>%s</c:RizivNummer><c:Software>
            <c:Naam>ZorgSoft</c:Naam><c:Versie>3.2</c:Versie><c:Attest>VSB-2024-0001</c:Attest></c:Software></c:Afzender>
            </Hoofding><Insz>%s</Insz><Periode><c:Van>%s</c:Van><c:Tot>%6$s</c:Tot></Periode></RaadplegenRequest>
            </soap:Body></soap:Envelope>
            """.formatted(SOAP, UUID.randomUUID(), Instant.now().truncatedTo(ChronoUnit.SECONDS), riziv, insz, LocalDate.now());
    }

    private static Document parse(byte[] octets) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        DocumentBuilder builder = factory.newDocumentBuilder();
        return builder.parse(new ByteArrayInputStream(octets));
    }

    private static String text(Document document) throws Exception {
        StringWriter out = new StringWriter();
        TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(out));
        return out.toString();
    }
}
